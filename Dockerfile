# The one image of web, worker, beat and migrate: what production runs, and nothing of sandbox, tools or tests.
FROM node:24.11.1-trixie-slim AS browser-packages
WORKDIR /srv/app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM python:3.11.14-slim-trixie
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 STATIC_ROOT=/srv/static MEDIA_ROOT=/srv/media
WORKDIR /srv/app
# Letters of PDFs: statements and evidence name people in any script.
RUN apt-get update && apt-get install -y --no-install-recommends fonts-dejavu-core && rm -rf /var/lib/apt/lists/*
COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
COPY --from=browser-packages /srv/app/node_modules ./node_modules
# collectstatic reads the settings; these values live in no layer's environment and open nothing.
RUN SECRET_KEY=only-while-building FIELD_ENCRYPTION_KEY=only-while-building SITE_URL=https://build.invalid python manage.py collectstatic --noinput \
    && useradd --uid 10001 --no-create-home --home-dir /srv roomhold \
    && mkdir -p /srv/media /srv/beat && chown roomhold /srv/media /srv/beat
USER roomhold
EXPOSE 8000
CMD ["gunicorn", "config.wsgi:application", "--worker-class=gthread", "--bind=0.0.0.0:8000", "--no-control-socket"]
